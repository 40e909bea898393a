{% macro replace_range(relation, sql, range) %}
    {% set columns = describe_query(sql) %}
    {% set written = evolve_table(relation, columns, on_schema_change()) %}
    {% set id = {'schema': relation.schema, 'name': relation.identifier} %}
    {% set staged = lake_call('stage', dict(id, definition=none)) %}
    {% set filled = relation.incorporate(path={'identifier': staged}) %}
    {% set rows = insert_rows(filled, sql, sort_columns(), written) %}
    {% do check_rows(filled) %}
    {% do check_epoch(filled, relation) %}
    {% set ranges = resolved_ranges(filled, range) %}
    {% if not ranges %}
        {% do lake_call('discard', dict(id, staged=staged)) %}
    {% elif not lake_call('replace_ranges', dict(
        id, staged=staged, column=range.column, ranges=ranges
    )) %}
        {#- Some file has rows on both sides of a boundary, so rows go by position. -#}
        {% do replace_rows(relation, filled, range.column, ranges) %}
        {% do lake_call('discard', dict(id, staged=staged)) %}
    {% endif %}
    {{ return(rows) }}
{% endmacro %}
