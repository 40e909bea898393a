package org.apache.iceberg.rest;

import org.apache.iceberg.catalog.Namespace;
import org.apache.iceberg.catalog.TableIdentifier;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Apache Iceberg's catalog suite with the switches on that its own class keeps off.
 *
 * <p>The kit's class has fixed answers for its reference server: no nested namespaces, no slashes
 * in names, tables below file:/tmp. This one answers for Firn; the tests are the kit's, unchanged.
 */
public class FirnCatalogTests extends RESTCompatibilityKitCatalogTests {
  private static final Namespace PARENT = Namespace.of("parent");

  /** The tests of nested namespaces leave them behind, and the kit drops others only. */
  @BeforeEach
  void dropNestedNamespaces() {
    if (catalog().namespaceExists(PARENT)) {
      catalog().listNamespaces(PARENT).forEach(catalog()::dropNamespace);
      catalog().dropNamespace(PARENT);
    }
  }

  @Override
  protected boolean supportsNestedNamespaces() {
    return true;
  }

  @Override
  protected boolean supportsNamesWithSlashes() {
    return true;
  }

  /** Firn keeps tables in its warehouse, and refuses every other location. */
  @Override
  protected String baseTableLocation(TableIdentifier table) {
    String warehouse = System.getProperty("firn.warehouse");
    return "file:" + warehouse + "/" + table.namespace() + "/" + table.name();
  }

  /** The kit's class disables it, because its reference server cannot be configured so. */
  @Override
  @Test
  public void createTableInUniqueLocation() {
    super.createTableInUniqueLocation();
  }
}
