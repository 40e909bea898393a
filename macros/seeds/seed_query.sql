{% macro seed_query(agate_table) %}
    {{ return(adapter.dispatch('seed_query', 'firn')(agate_table)) }}
{% endmacro %}

{% macro duckdb__seed_query(agate_table) %}
    {% set overrides = {} %}
    {% for name, type in (config.get('column_types') or {}).items() %}
        {% do overrides.update({name | lower: type}) %}
    {% endfor %}
    {% set casts, texts = [], [] %}
    {% for name in agate_table.column_names %}
        {% set inferred = adapter.convert_type(agate_table, loop.index0) %}
        {% set wide = {'integer': 'bigint', 'float8': 'double'}.get(inferred, inferred) %}
        {% set type = overrides.get(name | lower, wide) %}
        {% do casts.append(_seed_column(adapter.quote(name), type)) %}
        {% do texts.append("'" ~ name | replace("'", "''") ~ "': 'varchar'") %}
    {% endfor %}
    {% set path = adapter.get_seed_file_path(model) | replace("'", "''") %}
    {% set delimiter = config.get('delimiter', ',') | replace("'", "''") %}
    {% set sql %}
        select
            {{ casts | join(',\n            ') }}
        from read_csv(
            '{{ path }}', auto_detect = false, header = true, delim = '{{ delimiter }}',
            quote = '"', escape = '"', nullstr = '', columns = { {{- texts | join(', ') -}} }
        )
    {% endset %}
    {{ return(sql) }}
{% endmacro %}

{% macro _seed_column(column, type) %}
    {#- As dbt reads it: the word null is NULL, except in a column of texts. -#}
    {% if type | lower in ['text', 'varchar', 'string'] %}
        {{ return(column) }}
    {% endif %}
    {{ return(
        'cast(case when lower(trim(' ~ column ~ ")) <> 'null' then trim(" ~ column
        ~ ') end as ' ~ type ~ ') as ' ~ column
    ) }}
{% endmacro %}
