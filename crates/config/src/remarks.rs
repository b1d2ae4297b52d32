//! What people write for people: `comment` and `note`, allowed in any object.

/// The remarks of one object of the file, kept as they are.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Remarks {
    /// `comment`; absent where the file has none.
    pub comment: Option<String>,
    /// `note`; absent where the file has none.
    pub note: Option<String>,
}
