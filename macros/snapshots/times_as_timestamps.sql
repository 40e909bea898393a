{% macro times_as_timestamps(sql) %}
    {#- Where updated_at is a date, the moment of a deletion would not fit beside it. -#}
    {% set names = config.get('snapshot_table_column_names')
        or get_snapshot_table_column_names() %}
    {% set times = [names.dbt_updated_at, names.dbt_valid_from, names.dbt_valid_to]
        | map('lower') | list %}
    {% set columns = [] %}
    {% for column in describe_query(sql) %}
        {% set quoted = quoted_columns([column.name])[0] %}
        {% set is_date = column.type == 'DATE' and column.name | lower in times %}
        {% do columns.append(
            'cast(' ~ quoted ~ ' as timestamp) as ' ~ quoted if is_date else quoted
        ) %}
    {% endfor %}
    {{ return('select ' ~ columns | join(', ') ~ ' from (' ~ sql ~ ') as dated') }}
{% endmacro %}
