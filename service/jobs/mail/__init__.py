"""The mails of the outbox: their texts, in German and English."""
