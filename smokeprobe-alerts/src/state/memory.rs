//! The state in memory: obvious, and gone with the process. The model that others are compared with.
