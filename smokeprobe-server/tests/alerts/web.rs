//! What the web and the command line say of the alerts of a daemon that runs, and what they may change.
