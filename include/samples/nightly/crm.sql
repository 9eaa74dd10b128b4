-- What include/plans/nightly.yaml reads.
CREATE TABLE customers (number text PRIMARY KEY, name text NOT NULL, city text, revenue numeric(18), since date NOT NULL);
CREATE TABLE people (
  id text PRIMARY KEY, first_name text, last_name text NOT NULL, email text, customer text REFERENCES customers, since date NOT NULL
);
INSERT INTO customers VALUES
  ('C-100', 'Nordwind GmbH', 'Kiel', 1250000, '2025-01-01'),
  ('C-200', 'Blue Harbor, Inc.', 'Oslo', 980000, '2025-01-01'),
  ('C-300', 'Café Milagro', NULL, NULL, '2025-06-01'),
  ('C-400', 'Fjord & Fell', 'Bergen', 12, '2026-03-02');
INSERT INTO people VALUES
  ('P-1', 'Ada', 'Brandt', 'ada@example.com', 'C-100', '2025-01-01'),
  ('P-2', 'Jürgen', 'Müller', NULL, 'C-100', '2025-01-01'),
  ('P-3', NULL, 'Ørsted', 'orsted@example.com', 'C-200', '2025-01-01'),
  ('P-4', 'Chloé', 'Okafor', 'chloe@example.com', 'C-300', '2025-06-01'),
  ('P-5', 'Free', 'Lancer', NULL, NULL, '2025-06-01'),
  ('P-6', 'Yuki', 'Nakamura', 'yuki@example.com', 'C-400', '2026-03-02');
