-- SPDX-License-Identifier: Apache-2.0
-- Functions that need SQL inside MariaDB. Statements end with a line of ";;".
CREATE OR REPLACE FUNCTION `SYS`.`ORA_USER`() RETURN VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin READS SQL DATA AS BEGIN RETURN @standin_user; END
;;
CREATE OR REPLACE PROCEDURE `SYS`.`ORA_NO_INDEX`() AS BEGIN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'ORA-01418: specified index does not exist'; END
;;
CREATE OR REPLACE PROCEDURE `SYS`.`ORA_APPLICATION_ERROR`(n INT, message VARCHAR(2000) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin) AS
  full_text VARCHAR(2100) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;
BEGIN
  full_text := 'ORA-' || LPAD(ABS(n), 5, '0') || ': ' || LEFT(message, 490);
  SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = full_text;
END
;;
CREATE OR REPLACE FUNCTION `SYS`.`ORA_SETTING`(name VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin, otherwise VARCHAR(256) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin)
  RETURN VARCHAR(256) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin READS SQL DATA AS
BEGIN
  IF name = 'NLS_DATE_FORMAT' THEN RETURN IFNULL(@standin_date_format, otherwise); END IF;
  IF name = 'NLS_TIMESTAMP_FORMAT' THEN RETURN IFNULL(@standin_timestamp_format, otherwise); END IF;
  IF name = 'NLS_TIMESTAMP_TZ_FORMAT' THEN RETURN IFNULL(@standin_timestamp_tz_format, otherwise); END IF;
  IF name = 'NLS_LENGTH_SEMANTICS' THEN RETURN IFNULL(@standin_length_semantics, otherwise); END IF;
  RETURN otherwise;
END
