//! What every dialect shares on the wire: dates, header spelling.

pub mod dates;
pub mod header_case;
