//! The exchanges that KAOS' tool server had, asked of ours.
