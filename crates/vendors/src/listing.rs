//! What a vendor says that it has.

/// A name of a vendor's list. What is not in it is unknown there, which not every stream says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Listing {
    /// The name in its stream.
    pub vendor_name: String,
    /// Whether it trades; without, no bar is owed.
    pub is_trading: bool,
    /// The vendor's word for that.
    pub status: String,
}
