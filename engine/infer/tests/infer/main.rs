//! What is inferred from manifests: the two applications that the suite breaks, and small cases of each rule.

mod applications;
mod build;
mod graphs;
mod rules;
