"""Sign-in at an OpenID provider: who gets in, who is made, what is kept in step, and what is not believed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import httpx
import jwt
import psycopg
import pytest

from chassis_platform.auth.federation import oidc
from connected_app import codes_of
from openid_provider import CLIENT_ID, CLIENT_SECRET, OpenIdProvider, honest, new_key, running_provider
from serving import PASSWORD, Site

#: Closed after each test.
OPENED: list[httpx.Client] = []


@pytest.fixture(scope="module")
def idp() -> Iterator[OpenIdProvider]:
    with running_provider() as provider:
        yield provider


@pytest.fixture(autouse=True)
def truthful(idp: OpenIdProvider) -> Iterator[None]:
    yield
    idp.sign = honest
    while OPENED:
        OPENED.pop().close()


def set_up(site: Site, name: str, **document: Any) -> str:
    """The id of a provider that the administrator set up."""
    with site.browser("admin") as browser:
        answer = browser.post("/setup/identity-providers", json={"name": name, "label": name.title(), **document})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


@pytest.fixture(scope="module")
def provider(site: Site, idp: OpenIdProvider) -> str:
    with site.browser("admin") as browser:
        made = browser.post(
            "/services/data/v66.0/sobjects/Group", json={"Name": "East", "DeveloperName": "East", "Type": "Regular"}
        )
        assert made.status_code == 201, made.text
    return set_up(
        site,
        "corp",
        kind="oidc",
        issuer=idp.url,
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
        provision=True,
        permission_sets=["CrmUser"],
        groups="groups",
        mappings=[
            {"group": "bosses", "permission_sets": ["CrmAdministrator"], "public_groups": ["East"]},
            {"group": "others", "permission_sets": ["SystemAdministrator"]},
        ],
    )


class Browser:
    """A browser that signs in at the provider."""

    def __init__(self, site: Site, idp: OpenIdProvider, name: str = "corp") -> None:
        self.site, self.idp = site, idp
        self.client = httpx.Client(base_url=site.url, timeout=30)
        OPENED.append(self.client)
        self.door = f"/ui/sso/{site.organization_id}/{name}"

    def start(self, return_to: str = "/o/Lead") -> str:
        answer = self.client.get(f"{self.door}/start", params={"return": return_to})
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]

    def sign_in(self, return_to: str = "/o/Lead", **person: Any) -> httpx.Response:
        return self.client.get(self.idp.approve(self.start(return_to), **person))

    def who(self) -> dict[str, Any]:
        answer = self.client.get("/ui/bootstrap")
        assert answer.status_code == 200, answer.text
        document: dict[str, Any] = answer.json()
        return document


def ann(**more: Any) -> dict[str, Any]:
    person = {"sub": "ann-1", "preferred_username": "ann@corp.example", "email": "ann@corp.example"}
    return {**person, "given_name": "Ann", "family_name": "Lee", **more}


def assert_refused(answer: httpx.Response, browser: Browser, code: str = "refused") -> None:
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/?sso_problem={code}"
    assert browser.client.get("/ui/bootstrap").status_code == 401


def permission_sets(site: Site, username: str) -> set[str]:
    with site.browser("admin") as browser:
        users = browser.get("/setup/users", params={"q": username}).json()["users"]
    return set(users[0]["permission_sets"])


@pytest.mark.usefixtures("provider")
class TestWhoGetsIn:
    def test_somebody_new_becomes_a_user_with_what_the_groups_mean(self, site: Site, idp: OpenIdProvider) -> None:
        browser = Browser(site, idp)
        answer = browser.sign_in(**ann(groups=["bosses", "strangers"]))
        assert (answer.status_code, answer.headers["location"]) == (303, "/o/Lead")
        assert browser.who()["user"]["username"] == "ann@corp.example"
        assert permission_sets(site, "ann@corp") == {"StandardUser", "CrmUser", "CrmAdministrator"}

    def test_memberships_and_names_are_kept_in_step_and_the_rest_left_alone(
        self, site: Site, idp: OpenIdProvider
    ) -> None:
        Browser(site, idp).sign_in(**ann(groups=["bosses"]))
        browser = Browser(site, idp)
        browser.sign_in(**ann(groups=["others"], family_name="Li", preferred_username="somebody@else.example"))
        who = browser.who()["user"]
        assert (who["name"], who["username"]) == ("Ann Li", "ann@corp.example")
        assert permission_sets(site, "ann@corp") == {"StandardUser", "CrmUser", "SystemAdministrator"}
        Browser(site, idp).sign_in(**ann())
        assert permission_sets(site, "ann@corp") == {"StandardUser", "CrmUser"}

    def test_an_existing_user_is_not_taken_over_by_its_name(self, site: Site, idp: OpenIdProvider) -> None:
        browser = Browser(site, idp)
        stolen = ann(sub="thief", preferred_username=site.username("admin"), email=site.username("admin"))
        assert_refused(browser.sign_in(**stolen), browser, "not_linked")

    def test_the_administrator_links_an_existing_user(self, site: Site, idp: OpenIdProvider, provider: str) -> None:
        link = {"subject": "sally", "user_id": site.users["seller"]}
        with site.browser("admin") as admin:
            links = f"/setup/identity-providers/{provider}/identities"
            assert admin.post(links, json=link).status_code == 204
            assert codes_of(admin.post(links, json=link)) == ["DUPLICATE_VALUE"]
            assert "sally" in admin.get(links).text
        browser = Browser(site, idp)
        browser.sign_in(sub="sally", preferred_username="whatever@corp.example")
        assert browser.who()["user"]["id"] == site.users["seller"]
        with site.browser("admin") as admin:
            assert admin.delete(f"{links}/{site.users['seller']}").status_code == 204
        again = Browser(site, idp)
        assert_refused(again.sign_in(sub="sally", preferred_username=site.username("seller")), again, "not_linked")

    def test_a_user_who_is_signed_in_links_themselves(self, site: Site, idp: OpenIdProvider) -> None:
        browser = Browser(site, idp)
        signed_in = browser.client.post(
            "/ui/session", json={"username": site.username("colleague"), "password": PASSWORD}
        ).json()
        headers = {"x-csrf-token": signed_in["csrf_token"]}
        address = browser.client.post("/ui/me/identities/corp?return=/me", headers=headers).json()["redirect"]
        done = browser.client.get(idp.approve(address, sub="cole", preferred_username="x"))
        assert done.headers["location"] == "/me"
        [mine] = browser.client.get("/ui/me/identities").json()["identities"]
        assert (mine["name"], mine["subject"]) == ("corp", "cole")
        elsewhere = Browser(site, idp)
        elsewhere.sign_in(sub="cole", preferred_username="x")
        assert elsewhere.who()["user"]["id"] == site.users["colleague"]

    def test_who_began_a_link_must_be_who_ends_it(self, site: Site, idp: OpenIdProvider) -> None:
        browser = Browser(site, idp)
        person = {"username": site.username("admin"), "password": PASSWORD}
        headers = {"x-csrf-token": browser.client.post("/ui/session", json=person).json()["csrf_token"]}
        address = browser.client.post("/ui/me/identities/corp", headers=headers).json()["redirect"]
        other = {"username": site.username("seller"), "password": PASSWORD}
        browser.client.post("/ui/session", json=other)
        done = browser.client.get(idp.approve(address, sub="mallory", preferred_username="x"))
        assert done.headers["location"] == "/?sso_problem=refused"

    def test_who_is_not_active_does_not_get_in(self, site: Site, idp: OpenIdProvider) -> None:
        first = Browser(site, idp)
        first.sign_in(**ann(sub="leaver", preferred_username="leaver@corp.example"))
        user_id = first.who()["user"]["id"]
        with site.browser("admin") as admin:
            assert admin.patch(f"/setup/users/{user_id}", json={"is_active": False}).status_code == 204
        again = Browser(site, idp)
        assert_refused(again.sign_in(**ann(sub="leaver")), again, "inactive")

    def test_the_way_back_stays_on_this_server(self, site: Site, idp: OpenIdProvider) -> None:
        for address in ("https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/a\nb"):
            answer = Browser(site, idp).sign_in(return_to=address, **ann())
            assert answer.headers["location"] == "/"

    def test_keys_may_change(self, site: Site, idp: OpenIdProvider, monkeypatch: pytest.MonkeyPatch) -> None:
        Browser(site, idp).sign_in(**ann())
        monkeypatch.setattr(oidc, "REFETCH_SECONDS", 0.0)
        idp.key, idp.key_id = new_key(), "second"
        browser = Browser(site, idp)
        browser.sign_in(**ann())
        assert browser.who()["user"]["username"] == "ann@corp.example"

    def test_the_login_history_tells_of_it(self, site: Site, idp: OpenIdProvider) -> None:
        browser = Browser(site, idp)
        idp.sign = lambda provider, claims: honest(provider, {**claims, "aud": "another"})
        assert_refused(browser.sign_in(**ann()), browser)
        query = "SELECT Status, LoginType, Application FROM LoginHistory ORDER BY LoginTime DESC LIMIT 1"
        with site.browser("admin") as admin:
            answer = admin.get("/services/data/v66.0/query", params={"q": query})
        if answer.status_code == 200:
            [entry] = answer.json()["records"]
            assert entry["Status"].startswith("Failed: the identity token is not valid")


def without_signature(_: OpenIdProvider, claims: dict[str, Any]) -> str:
    return jwt.encode(claims, "", "none")


def with_another_key(provider: OpenIdProvider, claims: dict[str, Any]) -> str:
    return jwt.encode(claims, new_key(), "RS256", {"kid": provider.key_id})


def with_the_public_key_as_secret(provider: OpenIdProvider, claims: dict[str, Any]) -> str:
    return jwt.encode(claims, "s" * 64, "HS256", {"kid": provider.key_id})


def with_its_own_key_inside(_: OpenIdProvider, claims: dict[str, Any]) -> str:
    key = new_key()
    inside = jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return jwt.encode(claims, key, "RS256", {"kid": "mine", "jwk": inside, "jku": "https://evil.example/jwks"})


def saying(**lies: Any) -> Any:
    def sign(provider: OpenIdProvider, claims: dict[str, Any]) -> str:
        told = {name: value for name, value in {**claims, **lies}.items() if value is not None}
        return honest(provider, told)

    return sign


@pytest.mark.usefixtures("provider")
class TestWhatIsNotBelieved:
    @pytest.mark.parametrize(
        "sign",
        [
            without_signature,
            with_another_key,
            with_the_public_key_as_secret,
            with_its_own_key_inside,
            saying(iss="https://another.example"),
            saying(aud="another-client"),
            saying(aud=["another-client", CLIENT_ID]),
            saying(aud=["another-client", CLIENT_ID], azp="another-client"),
            saying(azp="another-client"),
            saying(nonce="of-another-sign-in"),
            saying(nonce=None),
            saying(exp=int(time.time()) - 3600),
            saying(exp=None),
            saying(iat=int(time.time()) + 86_400),
            saying(at_hash="AAAAAAAAAAAAAAAAAAAAAA"),
            saying(sub=None),
            saying(sub=""),
            saying(sub="x" * 300),
            lambda *_: "not a token",
            lambda *_: "",
        ],
    )
    def test_a_token_that_lies(self, site: Site, idp: OpenIdProvider, sign: Any) -> None:
        idp.sign = sign
        browser = Browser(site, idp)
        assert_refused(browser.sign_in(**ann()), browser)

    def test_a_state_that_comes_twice(self, site: Site, idp: OpenIdProvider) -> None:
        browser = Browser(site, idp)
        back = idp.approve(browser.start(), **ann())
        assert browser.client.get(back).headers["location"] == "/o/Lead"
        browser.client.cookies.delete("chassis_session")
        assert_refused(browser.client.get(back), browser)

    def test_a_state_of_another_browser(self, site: Site, idp: OpenIdProvider) -> None:
        attacker, victim = Browser(site, idp), Browser(site, idp)
        back = idp.approve(attacker.start(), **ann())
        assert_refused(victim.client.get(back), victim)
        victim.start()
        assert_refused(victim.client.get(idp.approve(attacker.start(), **ann())), victim)

    def test_a_made_up_state_or_none(self, site: Site, idp: OpenIdProvider) -> None:
        browser = Browser(site, idp)
        browser.start()
        made_up = f"{site.organization_id}!{'0' * 64}"
        for query in ({"state": made_up, "code": "x"}, {"code": "x"}, {}):
            assert_refused(browser.client.get(f"{browser.door}/callback", params=query), browser)

    def test_a_code_of_another_sign_in(self, site: Site, idp: OpenIdProvider) -> None:
        attacker, victim = Browser(site, idp), Browser(site, idp)
        stolen = httpx.URL(idp.approve(attacker.start(), **ann())).params["code"]
        back = httpx.URL(idp.approve(victim.start(), **ann())).copy_set_param("code", stolen)
        assert_refused(victim.client.get(str(back)), victim)

    def test_an_answer_in_the_name_of_another_issuer(self, site: Site, idp: OpenIdProvider) -> None:
        browser = Browser(site, idp)
        back = httpx.URL(idp.approve(browser.start(), **ann())).copy_set_param("iss", "https://another.example")
        assert_refused(browser.client.get(str(back)), browser)

    def test_a_refusal_of_the_provider(self, site: Site, idp: OpenIdProvider) -> None:
        browser = Browser(site, idp)
        state = httpx.URL(browser.start()).params["state"]
        told = {"error": "access_denied<script>", "state": state}
        assert_refused(browser.client.get(f"{browser.door}/callback", params=told), browser)

    def test_another_tenants_sign_in(self, site: Site, other_site: Site, idp: OpenIdProvider) -> None:
        set_up(other_site, "corp", kind="oidc", issuer=idp.url, client_id=CLIENT_ID, client_secret=CLIENT_SECRET)
        browser = Browser(site, idp)
        back = idp.approve(browser.start(), **ann())
        moved = back.replace(site.organization_id, other_site.organization_id, 1)
        assert moved != back
        assert_refused(browser.client.get(moved), browser)


class TestSettingUp:
    def test_a_provider_that_may_not_be_called_is_not_called(self, site: Site) -> None:
        set_up(site, "nowhere", kind="oidc", issuer="https://127.0.0.1:1", client_id="x")
        answer = httpx.get(f"{site.url}/ui/sso/{site.organization_id}/nowhere/start")
        assert answer.headers["location"] == "/?sso_problem=unavailable"

    def test_a_secret_that_went_with_the_tenants_keys_opens_no_door_until_there_is_a_new_one(
        self, other_site: Site, idp: OpenIdProvider, owner_dsn: str
    ) -> None:
        kept = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
        made = set_up(other_site, "shredded", kind="oidc", issuer=idp.url, provision=True, **kept)
        before, after = Browser(other_site, idp, "shredded"), Browser(other_site, idp, "shredded")
        on_the_way = idp.approve(before.start(), **ann())
        with psycopg.connect(owner_dsn) as connection:  # as `destroy_keys` does
            gone = "UPDATE chassis.tenant_key SET wrapped = NULL, destroyed_at = now() WHERE tenant_id = %s"
            connection.execute(gone, [other_site.tenant_id])
            changed = "UPDATE chassis.tenant SET key_version = key_version + 1 WHERE id = %s"
            connection.execute(changed, [other_site.tenant_id])

        assert_refused(before.client.get(on_the_way), before)
        assert after.start() == "/?sso_problem=unavailable"
        with psycopg.connect(owner_dsn) as connection:
            told = connection.execute("SELECT status FROM data.login_history WHERE username = 'shredded'").fetchall()
        assert set(told) == {("Failed: The secret was destroyed with the tenant's keys. Set a new one.",)}
        with other_site.browser("admin") as admin:
            path = "/setup/identity-providers"
            [listed] = [each for each in admin.get(path).json()["providers"] if each["id"] == made]
            assert not listed["has_secret"]
            assert admin.patch(f"{path}/{made}", json={"client_secret": CLIENT_SECRET}).status_code == 204
        again = after.sign_in(sub="back-1", preferred_username="back@other.example", email="back@other.example")
        assert again.headers["location"] == "/o/Lead"

    @pytest.mark.usefixtures("provider")
    def test_secrets_are_sealed_and_never_told(self, site: Site, owner_dsn: str) -> None:
        with site.browser("admin") as admin:
            told = admin.get("/setup/identity-providers")
        assert CLIENT_SECRET not in told.text
        assert next(each for each in told.json()["providers"] if each["name"] == "corp")["has_secret"]
        with psycopg.connect(owner_dsn) as connection:
            rows = connection.execute("SELECT body::text, sealed_secret FROM chassis.identity_provider").fetchall()
            trail = connection.execute("SELECT new_value FROM data.setup_audit_trail").fetchall()
        assert CLIENT_SECRET not in "".join(body for body, _ in rows)
        assert all(CLIENT_SECRET.encode() not in bytes(sealed) for _, sealed in rows if sealed)
        assert CLIENT_SECRET not in "".join(value or "" for (value,) in trail)

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"kind": "ldap"}, "kind"),
            ({"name": "Not Good"}, "name"),
            ({"issuer": "ftp://x"}, "issuer"),
            ({"issuer": None}, "issuer"),
            ({"scopes": "profile"}, "scopes"),
            ({"attributes": {"salary": "x"}}, "attributes"),
            ({"mappings": [{"group": "a"}], "groups": None}, "groups"),
            ({"permission_sets": ["Nobody"]}, "permission_sets"),
            ({"secret": "x"}, "secret"),
        ],
    )
    def test_what_is_wrong_is_said_by_field(self, site: Site, change: dict[str, Any], field: str) -> None:
        document = {"name": "good", "label": "Good", "kind": "oidc", "issuer": "https://idp.example", "client_id": "x"}
        with site.browser("admin") as admin:
            answer = admin.post("/setup/identity-providers", json={**document, **change})
        assert answer.status_code == 400, answer.text
        assert answer.json()[0]["fields"] == [field]

    def test_only_who_manages_security_may(self, site: Site) -> None:
        with site.browser("seller") as browser:
            assert browser.get("/setup/identity-providers").status_code == 403
            assert browser.patch("/setup/sso-policy", json={"only_sso": True}).status_code == 403


class TestOnlySingleSignOn:
    @pytest.mark.usefixtures("provider")
    def test_passwords_close_but_for_who_breaks_the_glass(self, site: Site) -> None:
        with site.browser("admin") as admin:
            alone = admin.patch("/setup/sso-policy", json={"only_sso": True})
            assert alone.json()[0]["fields"] == ["exempt_user_ids"]
            closed = {"only_sso": True, "exempt_user_ids": [site.users["admin"]]}
            assert admin.patch("/setup/sso-policy", json=closed).status_code == 204
        try:
            person = {"username": site.username("seller"), "password": PASSWORD}
            assert httpx.post(f"{site.url}/ui/session", json=person).status_code == 401
            with pytest.raises(AssertionError, match="invalid_grant"):
                site.token("seller")
            with site.browser("admin") as admin:
                assert admin.get("/ui/bootstrap").status_code == 200
        finally:
            with site.browser("admin") as admin:
                admin.patch("/setup/sso-policy", json={"only_sso": False})

    @pytest.mark.usefixtures("provider")
    def test_the_sign_in_page_offers_the_tenants_providers_and_tells_nothing_of_users(self, site: Site) -> None:
        def offered(**query: str) -> Any:
            return httpx.get(f"{site.url}/ui/sso/options", params=query).json()

        known, unknown = offered(username=site.username("seller")), offered(username="nobody@dealer.example")
        assert known == unknown == offered(tenant="dealer")
        assert "corp" in [each["name"] for each in known["providers"]]
        assert offered(username="nobody@nowhere.example")["providers"] == []
        assert offered(tenant="missing")["providers"] == []
