"""SOAP `login()` and `logout()`, for clients of old: off unless the tenant's security policy switches it on."""

from __future__ import annotations

from xml.sax.saxutils import escape

from lxml import etree
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from chassis_metadata.errors import ChassisError, Invalid
from chassis_platform.api.bodies import body_bytes
from chassis_platform.api.deps import open_route, server_of, source_ip
from chassis_platform.api.oauth import base_url
from chassis_platform.api.versions import demand_version
from chassis_platform.auth.federation.oidc import NotBelievedError
from chassis_platform.auth.federation.people import Person, find_person
from chassis_platform.auth.federation.saml_xml import parsed
from chassis_platform.auth.programs import login_by_soap
from chassis_platform.auth.sessions import organization_of, revoke_session, token_hash
from chassis_platform.auth.sign_in import Caller, SecondFactorNeededError, SignedIn
from chassis_tenants.database import Binding
from chassis_tenants.registry import tenant_by_organization_id

_LARGEST = 64 * 1024
_ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
_PARTNER = "urn:partner.soap.sforce.com"
_XML = "text/xml;charset=UTF-8"
_ANSWER = (
    f'<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="{_ENVELOPE}" xmlns="{_PARTNER}">'
    "<soapenv:Body>%s</soapenv:Body></soapenv:Envelope>"
)
_FAULT = (
    '<soapenv:Fault xmlns:sf="urn:fault.partner.soap.sforce.com"><faultcode>sf:%s</faultcode>'
    "<faultstring>%s: %s</faultstring><detail><sf:UnexpectedErrorFault><sf:exceptionCode>%s</sf:exceptionCode>"
    "<sf:exceptionMessage>%s</sf:exceptionMessage></sf:UnexpectedErrorFault></detail></soapenv:Fault>"
)
_REFUSED = (
    "Invalid username, password, security token; or user locked out; or SOAP login() is off in your organization."
)
_NEEDS_FACTOR = (
    "A second factor is asked of this user, and login() has none. Use OAuth: authorization code, JWT bearer."
)


async def call(request: Request) -> Response:
    """`POST /services/Soap/u/XX.0`: `login` and `logout`, nothing else."""
    try:
        demand_version(request)
        envelope = parsed(await body_bytes(request, largest=_LARGEST))
        operation = _operation(envelope)
        if operation.tag == f"{{{_PARTNER}}}login":
            return await _login(request, operation)
        if operation.tag == f"{{{_PARTNER}}}logout":
            return await _logout(request, envelope)
    except NotBelievedError as error:
        return _fault("UNKNOWN_EXCEPTION", f"The message cannot be read: {error}.")
    except SecondFactorNeededError:
        return _fault("INVALID_LOGIN", _NEEDS_FACTOR)
    except ChassisError as error:
        code = error.problems[0].code.upper()
        return _fault(code, _REFUSED if code == "INVALID_LOGIN" else error.problems[0].message)
    return _fault("INVALID_OPERATION", "Only login and logout are answered here: use the REST API.")


def _operation(envelope: etree._Element) -> etree._Element:
    body = envelope.find(f"{{{_ENVELOPE}}}Body")
    if envelope.tag != f"{{{_ENVELOPE}}}Envelope" or body is None or len(body) != 1:
        raise Invalid.of("unknown_exception", "Send a SOAP 1.1 envelope whose body has one operation.")
    return body[0]


async def _login(request: Request, operation: etree._Element) -> Response:
    server = server_of(request)
    caller = Caller(source_ip(request), request.headers.get("user-agent"), "SOAP login", "api")
    credentials = (_text(operation, "username"), _text(operation, "password"))
    signed_in = await login_by_soap(server.database, server.settings, credentials, caller, server.judge)
    person = await find_person(server.database, signed_in.tenant_id, signed_in.user_id)
    return _answer(_login_result(request, signed_in, person))


def _login_result(request: Request, signed_in: SignedIn, person: Person) -> str:
    url, organization = base_url(request), organization_of(signed_in.token)
    version = request.path_params["version"]
    user = {
        "organizationId": organization,
        "userEmail": person.email or "",
        "userFullName": person.name or "",
        "userId": signed_in.user_id,
        "userName": person.username or "",
    }
    result = {
        "metadataServerUrl": f"{url}/services/Soap/m/{version}/{organization}",
        "passwordExpired": "false",
        "sandbox": "false",
        "serverUrl": f"{url}/services/Soap/u/{version}/{organization}",
        "sessionId": signed_in.token,
        "userId": signed_in.user_id,
    }
    told = f"{_elements(result)}<userInfo>{_elements(user)}</userInfo>"
    return f"<loginResponse><result>{told}</result></loginResponse>"


async def _logout(request: Request, envelope: etree._Element) -> Response:
    header = envelope.find(f"{{{_ENVELOPE}}}Header/{{{_PARTNER}}}SessionHeader")
    token = "" if header is None else _text(header, "sessionId")
    server = server_of(request)
    tenant = await tenant_by_organization_id(server.database, organization_of(token))
    if tenant is not None:
        await server.database.read(Binding(tenant.id), revoke_session(tenant.id, token_hash(token)))
        server.forget(token)
    return _answer("<logoutResponse/>")


def _text(parent: etree._Element, name: str) -> str:
    return parent.findtext(f"{{{_PARTNER}}}{name}") or ""


def _elements(values: dict[str, str]) -> str:
    return "".join(f"<{name}>{escape(value)}</{name}>" for name, value in values.items())


def _answer(content: str, status: int = 200) -> Response:
    headers = {"cache-control": "no-store"}
    return Response(_ANSWER % content, status, media_type=_XML, headers=headers)


def _fault(code: str, message: str) -> Response:
    """SOAP 1.1 tells faults with status 500."""
    code, message = escape(code), escape(message)
    return _answer(_FAULT % (code, code, message, code, message), 500)


def routes() -> list[BaseRoute]:
    """The routes of this file."""
    paths = ("/services/Soap/u/{version}", "/services/Soap/u/{version}/{organization}")
    return [open_route(each, ["POST"], call) for each in paths]
