//! Shares of counts with the interval that they leave.

use serde::Serialize;

/// So many of so many.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// Those that count.
    pub hits: usize,
    /// All.
    pub of: usize,
}

/// 97.5 % point of the normal distribution: two-sided 95 %.
const Z: f64 = 1.959_964;

impl Share {
    /// Counts one more.
    pub fn count(&mut self, hit: Hit) {
        self.hits += usize::from(hit == Hit::Yes);
        self.of += 1;
    }

    /// The share, 0..=1; 0 of nothing.
    #[must_use]
    pub fn share(self) -> f64 {
        if self.of == 0 {
            return 0.0;
        }
        self.hits as f64 / self.of as f64
    }

    /// Lower bound of the share at 95 % (Wilson 1927, without continuity correction), 0..=1.
    #[must_use]
    pub fn lower(self) -> f64 {
        wilson(self.share(), self.of as f64)
    }
}

/// Whether one counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hit {
    /// It does.
    Yes,
    /// It does not.
    No,
}

impl From<bool> for Hit {
    fn from(is_hit: bool) -> Self {
        if is_hit { Self::Yes } else { Self::No }
    }
}

/// Wilson's lower bound of a share that was seen over `n` independent observations.
#[must_use]
pub fn wilson(share: f64, n: f64) -> f64 {
    if n <= 0.0 {
        return 0.0;
    }
    let square = Z * Z;
    let middle = share + square / (2.0 * n);
    let spread = Z * (share * (1.0 - share) / n + square / (4.0 * n * n)).sqrt();
    ((middle - spread) / (1.0 + square / n)).max(0.0)
}

impl Serialize for Share {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let mut fields = serializer.serialize_struct("Share", 4)?;
        fields.serialize_field("hits", &self.hits)?;
        fields.serialize_field("of", &self.of)?;
        fields.serialize_field("share", &thousandths(self.share()))?;
        fields.serialize_field("lower95", &thousandths(self.lower()))?;
        fields.end()
    }
}

/// Three digits behind the point: counts carry no more.
#[must_use]
pub fn thousandths(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_those_of_the_tables() {
        // Newcombe 1998, table I, method 3: 81 of 263 gives 0.2553; 15 of 148 gives 0.0624.
        let lower = |hits, of| Share { hits, of }.lower();
        assert!((lower(81, 263) - 0.2553).abs() < 1e-4);
        assert!((lower(15, 148) - 0.0624).abs() < 1e-4);
        assert!((lower(0, 20)).abs() < 1e-12);
        assert!(lower(20, 20) < 0.85 && lower(0, 0).abs() < 1e-12);
    }
}
