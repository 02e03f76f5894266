//! What every dialect shares on the wire: dates, header spelling, names in any case.

pub mod any_case;
pub mod dates;
pub mod header_case;
