//! Shared by the vendor APIs: body encodings, lenient JSON, dates, header case, unknown members.

pub mod any_case;
pub mod coding;
pub mod dates;
pub mod header_case;
pub mod json;
pub mod members;
pub mod misread;
pub mod relaxed;
