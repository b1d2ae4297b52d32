//! Keys from the environment. Their names may be said, their values never are.

use openbell_config::is_variable_name;
use openbell_vendors::KeyPair;
use secrecy::SecretString;

use super::catalogue::KeyNames;
use crate::exit::{Exit, Failure};

/// Names of environment variables in the place of the usual ones.
#[derive(Clone, Debug)]
pub(crate) struct OtherNames {
    pub(crate) id: Option<String>,
    pub(crate) secret: Option<String>,
    /// Where they are said: options of the command line, or keys of a session file.
    pub(crate) said_by: [&'static str; 2],
}

/// Whether a variable is set, and to something.
pub(crate) fn is_set(name: &str) -> bool {
    std::env::var_os(name).is_some_and(|value| !value.is_empty())
}

/// The key that `vendor` wants, from the variables of those names.
pub(crate) fn key(vendor: &str, usual: KeyNames, others: &OtherNames) -> Result<KeyPair, Failure> {
    let id = secret(vendor, others.id.as_deref().unwrap_or(usual[0]), others.said_by[0])?;
    let secret = secret(vendor, others.secret.as_deref().unwrap_or(usual[1]), others.said_by[1])?;
    Ok(KeyPair::new(id, secret))
}

fn secret(vendor: &str, name: &str, option: &str) -> Result<SecretString, Failure> {
    if !is_variable_name(name) {
        // It may be the key itself, so it is not repeated.
        let text = format!(
            "what {option} says is no name of an environment variable (capital letters, digits and _); \
             give the name of the variable that holds the key, not the key"
        );
        return Err(Failure::says(Exit::Usage, text));
    }
    match std::env::var(name) {
        Ok(value) if !value.is_empty() => Ok(SecretString::from(value)),
        Ok(_) | Err(std::env::VarError::NotPresent) => {
            let text = format!(
                "{vendor} wants a key, and {name} is not set in the environment; set it, or name another \
                 variable with {option}"
            );
            Err(Failure::says(Exit::Usage, text))
        }
        Err(std::env::VarError::NotUnicode(_)) => {
            let text =
                format!("the environment variable {name} holds no text, so no key of {vendor}");
            Err(Failure::says(Exit::Usage, text))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_key_is_refused_and_not_repeated() {
        for key in ["PKABCDEF1234567890AB", "s3cretS3cret", "", "9LIVES", "A-B"] {
            let said_by = ["--key-env", "--secret-env"];
            let others = OtherNames { id: Some(key.to_owned()), secret: None, said_by };
            let said = self::key("alpaca", ["A", "B"], &others).unwrap_err().to_string();
            assert!(key.is_empty() || !said.contains(key), "{said}");
            assert!(said.contains("--key-env"), "{said}");
        }
    }
}
