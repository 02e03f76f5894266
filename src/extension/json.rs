//! Serializers for values that .NET's models represent in another way than Rust's.

/// A date with a `Z`; the framework's smallest date for `None`.
pub(super) mod net_date {
    use chrono::{DateTime, SecondsFormat, Utc};
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    use crate::wire::dates;

    #[expect(clippy::ref_option, reason = "the signature is serde's")]
    pub(in crate::extension) fn serialize<S: Serializer>(
        date: &Option<DateTime<Utc>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match date {
            Some(date) => serializer.serialize_str(&date.to_rfc3339_opts(SecondsFormat::AutoSi, true)),
            None => serializer.serialize_str("0001-01-01T00:00:00Z"),
        }
    }

    pub(in crate::extension) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<DateTime<Utc>>, D::Error> {
        // .NET sends null for an unset nullable date.
        let Some(text) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
        let text = text.trim();
        if text.is_empty() {
            return Ok(None);
        }
        let date = dates::parse(text).ok_or_else(|| D::Error::custom("not a date"))?;
        Ok((!dates::is_unset(date)).then_some(date))
    }
}

/// A number; 0 for `None`.
pub(super) mod zero_is_none {
    use serde::{Deserialize as _, Deserializer, Serializer};

    #[expect(clippy::ref_option, clippy::trivially_copy_pass_by_ref, reason = "the signature is serde's")]
    pub(in crate::extension) fn serialize<S: Serializer>(
        number: &Option<i32>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_i32(number.unwrap_or_default())
    }

    pub(in crate::extension) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<i32>, D::Error> {
        Ok(Some(i32::deserialize(deserializer)?).filter(|number| *number != 0))
    }
}

/// A password, which the vendor sends to an extension in the clear. No other code writes a password.
pub(super) mod in_the_clear {
    use serde::{Deserialize as _, Deserializer, Serializer};

    use crate::secret::Password;

    #[expect(clippy::ref_option, reason = "the signature is serde's")]
    pub(in crate::extension) fn serialize<S: Serializer>(
        password: &Option<Password>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match password {
            Some(password) => serializer.serialize_str(password.reveal()),
            None => serializer.serialize_none(),
        }
    }

    pub(in crate::extension) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Password>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        Ok(text.filter(|text| !text.trim().is_empty()).map(Password::new))
    }
}
