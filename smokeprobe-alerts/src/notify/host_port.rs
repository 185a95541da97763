//! Hosts as people write them in a configuration.

/// Reads `host`, `host:port`, `::1` or `[::1]:port`. The error says what is wrong.
pub(super) fn host_port(text: &str, default: u16) -> Result<(&str, u16), String> {
    let (name, port) = match (text.strip_prefix('['), text.rsplit_once(':')) {
        (Some(rest), _) => {
            let (name, rest) = rest.split_once(']').unwrap_or_default();
            (name, rest.strip_prefix(':'))
        }
        (None, Some((name, port))) if !name.contains(':') => (name, Some(port)),
        _ => (text, None),
    };
    if name.is_empty() || name.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(format!("{text:?} is not a host"));
    }
    match port.map_or(Ok(default), str::parse) {
        Err(_) | Ok(0) => Err(format!("the port of {text:?} is not a number from 1 to 65535")),
        Ok(port) => Ok((name, port)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_may_be_written_with_a_port_and_as_an_address() {
        assert_eq!(host_port("mail.company.xy", 25), Ok(("mail.company.xy", 25)));
        assert_eq!(host_port("mail.company.xy:587", 25), Ok(("mail.company.xy", 587)));
        assert_eq!(host_port("192.0.2.1", 444), Ok(("192.0.2.1", 444)));
        assert_eq!(host_port("::1", 25), Ok(("::1", 25)));
        assert_eq!(host_port("[::1]:2525", 25), Ok(("::1", 2525)));
        assert_eq!(host_port("[::1]", 25), Ok(("::1", 25)));
        for wrong in ["", ":25", "host:", "host:0", "host:70000", "host:-1", "[::1", "a b"] {
            host_port(wrong, 25).unwrap_err();
        }
    }
}
