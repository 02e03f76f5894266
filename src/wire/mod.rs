//! What every vendor API shares on the wire: bodies and their encodings, lenient JSON, dates, header spelling, names.

pub mod any_case;
pub mod charset;
pub mod coding;
pub mod dates;
pub mod header_case;
pub mod json;
pub mod members;
pub mod misread;
pub mod relaxed;
