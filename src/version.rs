//! What this program says of itself. `build.rs` finds it out.

/// The version, with the commit and of a tagged release its date: `0.1.0 (0123456789ab, 2026-11-26)`. Builds for development have
/// the version alone.
pub const VERSION_AND_COMMIT: &str = env!("BUILD_VERSION");

/// The whole commit that the program was built from, if it is known.
#[must_use]
pub fn commit() -> Option<&'static str> {
    Some(env!("BUILD_COMMIT")).filter(|commit| !commit.is_empty())
}
