//! The exchanges of one host: a browser's file has those of every host of a page.

use std::collections::BTreeMap;

use super::{Reason, Recording};
use crate::vendors::{self, RoutePaths};

impl Recording {
    /// Keeps the exchanges with this host, given as `host` or `host:port` in any case. The others are counted.
    #[must_use]
    pub fn of_host(mut self, host: &str) -> Self {
        let (kept, others): (Vec<_>, Vec<_>) =
            self.exchanges.into_iter().partition(|recorded| recorded.host.eq_ignore_ascii_case(host));
        for other in others {
            self.left_out.add(Reason::OtherHost(other.host));
        }
        self.exchanges = kept;
        self
    }

    /// The host with the most requests to operations of the vendor APIs; of equal ones the first by name. `None` where no request is
    /// to an operation.
    #[must_use]
    pub fn main_host(&self) -> Option<String> {
        let paths = RoutePaths::new(&vendors::document());
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for recorded in &self.exchanges {
            let path = recorded.exchange.request.path.split('?').next().unwrap_or_default();
            if vendors::is_operation_path(path, &paths) {
                *counts.entry(&recorded.host).or_default() += 1;
            }
        }
        // `max_by_key` returns the last of equal ones.
        counts.into_iter().rev().max_by_key(|(_, count)| *count).map(|(host, _)| host.to_owned())
    }
}
