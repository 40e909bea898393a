{% macro insert_rows(relation, sql, sort_by, columns=none) %}
    {{ return(adapter.dispatch('insert_rows', 'firn')(relation, sql, sort_by, columns)) }}
{% endmacro %}

{% macro duckdb__insert_rows(relation, sql, sort_by, columns) %}
    {#- DuckDB keeps the order of a query in the files it writes, and writes no order of
        its own. -#}
    {% set wanted = quoted_columns(columns) | join(', ') if columns else '*' %}
    {% call statement('insert_rows', fetch_result=True, auto_begin=False) %}
        insert into {{ relation }} by name
        select {{ wanted }} from (
            {{ sql }}
        ) as inserted
        {% if sort_by %}order by {{ sort_terms(sort_by) | join(', ') }}{% endif %}
    {% endcall %}
    {{ return(load_result('insert_rows').data[0][0]) }}
{% endmacro %}

{% macro spark__insert_rows(relation, sql, sort_by, columns) %}
    {#- Iceberg sorts by the table's own order. -#}
    {% set wanted = quoted_columns(columns) | join(', ') if columns else '*' %}
    {% call statement('insert_rows', auto_begin=False) %}
        insert into {{ relation }} by name
        select {{ wanted }} from (
            {{ sql }}
        ) as inserted
    {% endcall %}
    {{ return(rows_written(relation)) }}
{% endmacro %}
