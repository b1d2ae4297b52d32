//! A store that may not be there yet.

use std::path::Path;

use openbell_data_manager::{DataError, DataManager, StoreOptions};

/// The store of an exchange group at `folder`; absent where none is there.
///
/// # Errors
///
/// One that cannot be opened.
pub(crate) fn where_there(folder: &Path, group: &str) -> Result<Option<DataManager>, DataError> {
    match DataManager::open(folder, &StoreOptions { exchange_group: Some(group.to_owned()) }) {
        Ok(store) => Ok(Some(store)),
        Err(DataError::NoSuchStore { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
