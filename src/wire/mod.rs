//! Shared by the vendor APIs: body encodings, lenient JSON, dates, JSON of responses, header case, unknown members, documents of other versions.

pub mod any_case;
pub mod coding;
pub mod dates;
pub mod header_case;
pub mod json;
pub mod known;
pub mod members;
pub mod misread;
pub mod names;
pub mod relaxed;
pub mod write_json;
