//! Channels: webhook, e-mail, inbox.
