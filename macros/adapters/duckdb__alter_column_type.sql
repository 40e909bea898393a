{% macro duckdb__alter_column_type(relation, column_name, new_column_type) %}
    {#- As dbt's own, without CASCADE, which DuckDB does not know for a lake's table, and
        by the column's own name: dropping one tells upper from lower case. -#}
    {% set table = relation.render() %}
    {% for column in adapter.get_columns_in_relation(relation)
        if column.name | lower == column_name | lower %}
        {% set old, new = quoted_columns([column.name, column.name ~ '__firn_altered']) %}
        {% for change in [
            'add column ' ~ new ~ ' ' ~ new_column_type,
            'drop column ' ~ old,
            'rename column ' ~ new ~ ' to ' ~ old,
        ] %}
            {% do run_query('alter table ' ~ table ~ ' ' ~ change) %}
            {% if loop.first %}
                {% do run_query('update ' ~ table ~ ' set ' ~ new ~ ' = ' ~ old) %}
            {% endif %}
        {% endfor %}
    {% endfor %}
{% endmacro %}
