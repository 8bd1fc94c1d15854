"""What a site's own tests may use.

- ``page_contract``: the tests that every page adapter must pass.
- ``loopback``: providers and an S3 storage on loopback, whose answers may also go wrong. ``with
  OpenAIServer() as server`` gives an account's ``base_url``; ``with S3Server("a", "b") as server``
  gives ``storages("a", "b")`` for STORAGES.
- ``pictures`` and ``corpus``: real pictures, and texts that have broken pages elsewhere.
- ``pages``: a small page model with its adapter, for tests that need some page.
- ``factories`` and ``fixtures``: rows and stored files of the generator.
"""
