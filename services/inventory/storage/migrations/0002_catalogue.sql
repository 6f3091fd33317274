-- Up Migration

-- The shop's assortment: 192 products with plenty in stock, one that is scarce and one that is sold out.
INSERT INTO inventory.products (sku, name, price_minor, initial, available)
SELECT upper(left(kind, 3)) || '-' || upper(left(colour, 3)) || '-' || size,
       colour || ' ' || kind || ', size ' || size,
       price_minor + size * 50,
       1000000, 1000000
FROM (VALUES ('Kettle', 3490), ('Lamp', 5990), ('Mug', 990), ('Notebook', 690),
             ('Pillow', 1990), ('Rucksack', 7990), ('Teapot', 2990), ('Umbrella', 2490)) AS kinds (kind, price_minor),
     unnest(ARRAY['Amber', 'Blue', 'Coral', 'Green', 'Ivory', 'Violet']) AS colour,
     generate_series(1, 4) AS size;

INSERT INTO inventory.products (sku, name, price_minor, initial, available) VALUES
  ('RARE-3', 'Signed print, three left', 12000, 3, 3),
  ('SOLD-OUT', 'Moon lamp, sold out', 4990, 0, 0);
