{% macro check_epoch(rows, relation) %}
    {#- Asked of the table, because an incremental one keeps the layout it was made with. -#}
    {% set columns = columns_from_1970_on(relation) %}
    {% if columns %}
        {% do _refuse_before_1970(rows, columns) %}
    {% endif %}
{% endmacro %}

{% macro columns_from_1970_on(relation) %}
    {{ return(lake_call('columns_from_1970_on', {
        'schema': relation.schema, 'name': relation.identifier
    })) }}
{% endmacro %}

{% macro _refuse_before_1970(rows, columns) %}
    {% set present = describe_query('select * from ' ~ rows) | map(attribute='name')
        | map('lower') | list %}
    {% for name in columns if name | lower in present %}
        {% set column = quoted_columns([name])[0] %}
        {% set found = run_query(
            'select count(*), cast(min(' ~ column ~ ') as ' ~ dbt.type_string() ~ ') from '
            ~ rows ~ ' where ' ~ column ~ " < cast('1970-01-01' as timestamp)"
        ).rows[0] %}
        {% if found[0] > 0 %}
            {% do exceptions.raise_compiler_error(
                model.name ~ ': ' ~ found[0] ~ ' rows have a ' ~ name ~ ' before 1970, as '
                ~ found[1] ~ '; DuckDB does not find such rows where month() or day() of a '
                ~ 'timestamp partitions a table. Partition by year(' ~ name ~ ') with '
                ~ '--full-refresh, or by a column of type date. Nothing was committed.'
            ) %}
        {% endif %}
    {% endfor %}
{% endmacro %}
