"""`carnet serve` sends e-mails and webhooks by itself, and stops sending when it is told to stop."""

from pathlib import Path

from tests.api.outbound.mailbox import SENDER, mailbox
from tests.api.outbound.test_webhooks import listening
from tests.api.server.served import served
from tests.ready import WAIT_S_MAX


def test_a_server_confirms_a_purchase_and_ends_in_order(tmp_path: Path) -> None:
    with (
        mailbox() as box,
        served(tmp_path, SMTP_URL=box.url, MAIL_FROM=SENDER) as server,
        server.client() as client,
    ):

        def post(path: str, body: object) -> dict[str, str]:
            answer = client.post(path, json=body, headers={"Idempotency-Key": path})
            assert answer.status_code == 201, answer.text
            told: dict[str, str] = answer.json()
            return told

        post("/v1/policies", {"message_language": "en"})
        anna = post("/v1/customers", {"name": "Anna", "email": "anna@example.org"})["id"]
        service = post("/v1/services", {"name": "Massage", "service_type": "Massage"})["id"]
        lines = [{"quantity": 5, "services": [service]}]
        post("/v1/packages", {"customer_id": anna, "name": "Massage ×5", "price": 100, "lines": lines})
        assert box.arrived.wait(WAIT_S_MAX)
        assert box.recipients == ["anna@example.org"]
        assert server.stop() == 0
        log = server.log.read_text()
    assert "anna@example.org" not in log
    assert "Traceback" not in log


def test_a_server_sends_webhooks_and_ends_in_order(tmp_path: Path) -> None:
    with listening() as there, served(tmp_path, WEBHOOKS="loopback") as server, server.client() as client:
        asked = client.post("/v1/webhooks", json={"url": there.url}, headers={"Idempotency-Key": "add"})
        assert asked.status_code == 201, asked.text
        made = client.post("/v1/customers", json={"name": "Anna"}, headers={"Idempotency-Key": "anna"})
        assert there.arrived.wait(WAIT_S_MAX)
        assert there.facts[0]["stream_id"] == made.json()["id"]
        assert server.stop() == 0
        log = server.log.read_text()
    assert "whsec_" not in log
    assert "Traceback" not in log
