//! HTTP as units of work, for what is built on `tower`: axum, hyper, tonic, reqwest.
