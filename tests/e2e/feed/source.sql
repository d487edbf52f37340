CREATE TABLE orders (id NUMBER(12) PRIMARY KEY, status VARCHAR2(20) NOT NULL, total NUMBER(12) NOT NULL)
/
CREATE TABLE order_lines (order_id NUMBER(12) NOT NULL, line NUMBER(4) NOT NULL, item NUMBER(6), CONSTRAINT order_lines_pk PRIMARY KEY (order_id, line), CONSTRAINT order_lines_fk FOREIGN KEY (order_id) REFERENCES orders (id) ON DELETE CASCADE)
/
CREATE TABLE order_history (id NUMBER(12) PRIMARY KEY, order_id NUMBER(12) NOT NULL, what VARCHAR2(20))
/
CREATE TABLE stock (item NUMBER(6) PRIMARY KEY, quantity NUMBER(12) NOT NULL)
/
CREATE TABLE reservations (id NUMBER(12) PRIMARY KEY, item NUMBER(6) NOT NULL, quantity NUMBER(12) NOT NULL)
/
CREATE TABLE notes (id NUMBER(12) PRIMARY KEY, text VARCHAR2(60))
/
CREATE SEQUENCE history_seq START WITH 1 INCREMENT BY 1 CACHE 100
/
CREATE SEQUENCE reservations_seq START WITH 1 INCREMENT BY 1 CACHE 100
/
CREATE OR REPLACE TRIGGER orders_history AFTER INSERT OR UPDATE ON orders FOR EACH ROW
BEGIN
  INSERT INTO order_history (id, order_id, what) VALUES (history_seq.NEXTVAL, :NEW.id, :NEW.status);
END;
/
CREATE OR REPLACE PROCEDURE reserve(which NUMBER, howmany NUMBER) AS
BEGIN
  UPDATE stock SET quantity = quantity - howmany WHERE item = which;
  INSERT INTO reservations (id, item, quantity) VALUES (reservations_seq.NEXTVAL, which, howmany);
  COMMIT;
END;
/
