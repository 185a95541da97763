"""A real mail server for the tests: prints its port, then one JSON a line for each mail that it took.

The recipient decides what becomes of a mail: full@ and later@ are put off, unknown@ and spam@ are refused.
"""
import argparse
import asyncio
import email
import email.policy
import json
import ssl

from aiosmtpd.smtp import SMTP, AuthResult

AT_RCPT = {"full": "452 4.2.2 the mailbox is full", "unknown": "550 5.1.1 no such user here"}
AT_DATA = {"later": "451 4.7.1 greylisted, come again later", "spam": "554 5.7.1 this looks like spam"}


def shape(part):
    if part.is_multipart():
        return [part.get_content_type(), [shape(inner) for inner in part.iter_parts()]]
    return part.get_content_type()


def content(part):
    got = part.get_content()
    return {
        "type": part.get_content_type(),
        "charset": part.get_content_charset(),
        "id": part["Content-ID"],
        "disposition": part.get_content_disposition(),
        "file": part.get_filename(),
        "text": got if isinstance(got, str) else None,
        "bytes": None if isinstance(got, str) else list(got),
    }


def describe(raw):
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    leaves = [part for part in mail.walk() if not part.is_multipart()]
    return {
        "headers": [[name, str(value)] for name, value in mail.items()],
        "date": mail["Date"].datetime.timestamp() if mail["Date"] else None,
        "from": [[a.display_name, a.addr_spec] for a in mail["From"].addresses],
        "to": [[a.display_name, a.addr_spec] for a in mail["To"].addresses],
        "shape": shape(mail),
        "parts": [content(part) for part in leaves],
        "defects": [str(d) for part in mail.walk() for d in part.defects],
        "longest_line": max(len(line) for line in raw.split(b"\n")),
        "longest_header_line": max(len(line) for line in raw.split(b"\r\n\r\n")[0].split(b"\r\n")),
        "ascii": raw.isascii(),
    }


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        reply = AT_RCPT.get(address.split("@")[0])
        if reply:
            return reply
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        reply = AT_DATA.get(envelope.rcpt_tos[0].split("@")[0])
        if reply:
            return reply
        told = describe(envelope.original_content)
        told |= {"sender": envelope.mail_from, "recipients": envelope.rcpt_tos, "encrypted": session.ssl is not None
                 or ARGS.wrapped, "user": session.auth_data and session.auth_data.login.decode(),
                 "mechanism": MECHANISM[-1] if MECHANISM else None}
        print(json.dumps(told), flush=True)
        return "250 2.0.0 queued as 4711"


MECHANISM = []


def authenticate(server, session, envelope, mechanism, data):
    MECHANISM.append(mechanism)
    return AuthResult(success=(data.login, data.password) == (b"ops", "geheim-秘密".encode()), handled=False, auth_data=data)


def context():
    made = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    made.load_cert_chain(ARGS.cert, ARGS.key)
    return made


async def flood(reader, writer):
    try:
        while True:
            writer.write(b"2" * 65536)
            await writer.drain()
    except OSError:
        writer.close()


async def main():
    options = {"hostname": "mail.test", "enable_SMTPUTF8": False}
    if ARGS.cert and not ARGS.wrapped:
        options |= {"tls_context": context(), "require_starttls": ARGS.require_starttls}
    if ARGS.auth:
        options |= {"authenticator": authenticate, "auth_required": True, "auth_require_tls": False,
                    "auth_exclude_mechanism": [m for m in ("PLAIN", "LOGIN") if m not in ARGS.auth.split(",")]}
    if ARGS.flood:
        server = await asyncio.start_server(flood, "127.0.0.1", 0, ssl=context())
        print(server.sockets[0].getsockname()[1], flush=True)
        await server.serve_forever()
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(Handler(), **options), "127.0.0.1", 0, ssl=context() if ARGS.wrapped else None)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


parser = argparse.ArgumentParser()
parser.add_argument("--cert")
parser.add_argument("--key")
parser.add_argument("--wrapped", action="store_true")
parser.add_argument("--require-starttls", action="store_true")
parser.add_argument("--auth")
parser.add_argument("--flood", action="store_true")
ARGS = parser.parse_args()
asyncio.run(main())
