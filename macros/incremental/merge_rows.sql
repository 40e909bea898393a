{% macro merge_rows(relation, sql, keys) %}
    {{ return(adapter.dispatch('merge_rows', 'firn')(relation, sql, keys)) }}
{% endmacro %}

{% macro duckdb__merge_rows(relation, sql, keys) %}
    {% set delta = create_delta(sql) %}
    {% do check_rows(delta) %}
    {% do check_epoch(delta, relation) %}
    {% do check_keys(delta, keys) %}
    {% set columns = describe_query('select * from ' ~ delta) %}
    {% set bounds = column_bounds(delta, bounded_columns(keys), columns) %}
    {% set deleted = checked_delete_condition(delta) %}
    {% set written = evolve_table(relation, columns, on_schema_change()) %}
    {% set predicates = merge_predicates(keys, bounds) %}
    {% if deleted %}
        {#- DuckDB's MERGE on Iceberg either updates or deletes. Both statements are one
            transaction, which the catalog gets as one request. -#}
        {% call statement('merge_deletes', fetch_result=True) %}
            {{ merge_deletes_sql(relation, delta, predicates, deleted) }}
        {% endcall %}
    {% endif %}
    {% call statement('merge', fetch_result=True, auto_begin=deleted | length > 0) %}
        {{ merge_sql(relation, delta, keys, written, predicates, deleted) }}
    {% endcall %}
    {% do adapter.commit() %}
    {% set rows = load_result('merge').data[0][0] %}
    {% if deleted %}
        {% set rows = rows + load_result('merge_deletes').data[0][0] %}
    {% endif %}
    {% do drop_delta(delta) %}
    {{ return(rows) }}
{% endmacro %}

{% macro spark__merge_rows(relation, sql, keys) %}
    {% set delta = create_delta(sql) %}
    {% do check_rows(delta) %}
    {% do check_epoch(delta, relation) %}
    {% set columns = describe_query('select * from ' ~ delta) %}
    {% set found = examine_delta(delta, keys, columns) %}
    {% set deleted = checked_delete_condition(delta) %}
    {% set written = evolve_table(relation, columns, on_schema_change()) %}
    {% set rows = 0 %}
    {% if found.rows %}
        {#- Spark commits a snapshot even if no row changes: a draft shows it before
            anybody else sees a table that moved. -#}
        {% set id = {'schema': relation.schema, 'name': relation.identifier} %}
        {% set draft = lake_call('draft', id) %}
        {% set target = relation.incorporate(path={'identifier': draft}) %}
        {% set predicates = merge_predicates(keys, found.bounds) %}
        {% if is_spread(relation, found) %}
            {% set rows = merge_by_broadcast(
                target, delta, keys, written, predicates, deleted
            ) %}
        {% else %}
            {% call statement('merge', auto_begin=False) %}
                {{ merge_sql(target, delta, keys, written, predicates, deleted) }}
            {% endcall %}
        {% endif %}
        {% set rows = rows + rows_merged(lake_call('adopt', dict(id, staged=draft))) %}
    {% endif %}
    {% do drop_delta(delta) %}
    {{ return(rows) }}
{% endmacro %}
