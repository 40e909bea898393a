{% macro delete_insert_rows(relation, sql, keys) %}
    {{ return(adapter.dispatch('delete_insert_rows', 'firn')(relation, sql, keys)) }}
{% endmacro %}

{% macro duckdb__delete_insert_rows(relation, sql, keys) %}
    {#- The key names a group of rows here, and the delta has all rows of its groups. -#}
    {% set delta = create_delta(sql) %}
    {% do check_rows(delta) %}
    {% do check_epoch(delta, relation) %}
    {% do check_keys(delta, keys, unique=false) %}
    {% set columns = describe_query('select * from ' ~ delta) %}
    {% set written = evolve_table(relation, columns, on_schema_change()) %}
    {% set predicates = merge_predicates(delta, keys, columns) %}
    {% call statement('delete_groups') %}
        {{ merge_deletes_sql(relation, delta, predicates, 'true') }}
    {% endcall %}
    {% set rows = insert_rows(
        relation, 'select * from ' ~ delta, sort_columns(), written
    ) %}
    {% do adapter.commit() %}
    {% do drop_delta(delta) %}
    {{ return(rows) }}
{% endmacro %}
