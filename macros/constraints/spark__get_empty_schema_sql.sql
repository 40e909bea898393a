{% macro spark__get_empty_schema_sql(columns) %}
    {#- A contract names types as DuckDB does, whichever engine builds. -#}
    {% set casts = [] %}
    {% for column in columns.values() %}
        {% if column.data_type is none %}
            {% do exceptions.raise_compiler_error(
                model.name ~ ': the contract needs a data_type for ' ~ column.name ~ '.'
            ) %}
        {% endif %}
        {% do casts.append(
            'cast(null as ' ~ sql_type(column.data_type) ~ ') as '
            ~ quoted_columns([column.name])[0]
        ) %}
    {% endfor %}
    {{ return('select ' ~ casts | join(', ')) }}
{% endmacro %}
