//! The arguments by which the supervisor tells a service what it is; both directions in one place.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::{Fault, GOOD_VERSION, Service};

/// How one service of the shop runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceArgs {
    /// Where it listens on 127.0.0.1; 0 lets the operating system choose.
    pub port: u16,
    /// Its own folder; made if it is missing.
    pub folder: PathBuf,
    /// What it says it is, and whether it is the broken one.
    pub version: String,
    /// Who changes it by `/admin/fault` must know this.
    pub token: String,
    /// Where the services are that it calls.
    pub peers: BTreeMap<Service, SocketAddr>,
    /// What is broken from the start.
    pub faults: BTreeSet<Fault>,
    /// Of its random numbers.
    pub seed: u64,
}

impl ServiceArgs {
    /// Reads what [`Self::to_args`] writes; flags come in any order.
    pub fn parse(args: impl IntoIterator<Item = String>) -> Result<Self, ArgsError> {
        let mut read = Self {
            port: 0,
            folder: PathBuf::new(),
            version: GOOD_VERSION.to_owned(),
            token: String::new(),
            peers: BTreeMap::new(),
            faults: BTreeSet::new(),
            seed: 0,
        };
        let mut args = args.into_iter();
        while let Some(flag) = args.next() {
            let value = args.next().ok_or_else(|| ArgsError::NoValue { flag: flag.clone() })?;
            read.set(&flag, value)?;
        }
        for (flag, is_missing) in
            [("--folder", read.folder.as_os_str().is_empty()), ("--token", read.token.is_empty())]
        {
            if is_missing {
                return Err(ArgsError::Missing { flag });
            }
        }
        Ok(read)
    }

    fn set(&mut self, flag: &str, value: String) -> Result<(), ArgsError> {
        let invalid = |value: String| ArgsError::Invalid { flag: flag.to_owned(), value };
        match flag {
            "--port" => self.port = value.parse().map_err(|_| invalid(value))?,
            "--folder" => self.folder = PathBuf::from(value),
            "--version" => self.version = value,
            "--token" => self.token = value,
            "--seed" => self.seed = value.parse().map_err(|_| invalid(value))?,
            "--fault" => {
                self.faults.insert(value.parse().map_err(|_| invalid(value))?);
            }
            "--peer" => {
                let read = || {
                    let (name, address) = value.split_once('=')?;
                    Some((name.parse().ok()?, address.parse().ok()?))
                };
                let (peer, address) = read().ok_or_else(|| invalid(value.clone()))?;
                self.peers.insert(peer, address);
            }
            _ => return Err(ArgsError::Unknown { flag: flag.to_owned() }),
        }
        Ok(())
    }

    /// The command line of these arguments. A folder that is not UTF-8 loses what cannot be written.
    pub fn to_args(&self) -> Vec<String> {
        let mut args: Vec<(&str, String)> = vec![
            ("--port", self.port.to_string()),
            ("--folder", self.folder.to_string_lossy().into_owned()),
            ("--version", self.version.clone()),
            ("--token", self.token.clone()),
            ("--seed", self.seed.to_string()),
        ];
        args.extend(self.peers.iter().map(|(peer, at)| ("--peer", format!("{peer}={at}"))));
        args.extend(self.faults.iter().map(|fault| ("--fault", fault.to_string())));
        args.into_iter().flat_map(|(flag, value)| [flag.to_owned(), value]).collect()
    }
}

/// Why a command line is none of a service.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ArgsError {
    /// A service has no such flag.
    #[error("unknown flag `{flag}` of a demo service")]
    Unknown {
        /// What was given.
        flag: String,
    },
    /// Every flag has a value.
    #[error("`{flag}` needs a value")]
    NoValue {
        /// Which.
        flag: String,
    },
    /// The value does not fit the flag.
    #[error("`{value}` is no value for `{flag}`")]
    Invalid {
        /// Which.
        flag: String,
        /// What was given.
        value: String,
    },
    /// Nothing works without it.
    #[error("a demo service needs `{flag}`")]
    Missing {
        /// Which.
        flag: &'static str,
    },
}

#[cfg(test)]
mod tests;
