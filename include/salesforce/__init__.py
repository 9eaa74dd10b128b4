"""Salesforce over HTTP: pure rules of URLs, headers and answers (`wire`), one streaming client, the pace of polls."""
