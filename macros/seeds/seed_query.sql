{% macro seed_query(agate_table) %}
    {{ return(adapter.dispatch('seed_query', 'firn')(agate_table)) }}
{% endmacro %}

{% macro duckdb__seed_query(agate_table) %}
    {{ return(_seed_sql(agate_table)) }}
{% endmacro %}

{% macro spark__seed_query(agate_table) %}
    {#- Read where dbt runs, as DuckDB reads it: executors do not have the file. -#}
    {{ return(_seed_sql(agate_table)) }}
{% endmacro %}

{% macro _seed_sql(agate_table) %}
    {% set overrides = {} %}
    {% for name, type in (config.get('column_types') or {}).items() %}
        {% do overrides.update({name | lower: type}) %}
    {% endfor %}
    {% set casts, texts = [], [] %}
    {% for name in agate_table.column_names %}
        {% set inferred = adapter.convert_type(agate_table, loop.index0) %}
        {% set wide = {'integer': 'bigint', 'float8': 'double'}.get(inferred, inferred) %}
        {% set type = overrides.get(name | lower, wide) %}
        {% do casts.append(_seed_column(quoted_columns([name])[0], type)) %}
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
    {% set kind = (type | lower).split('(')[0] | trim %}
    {% if kind in ['text', 'varchar', 'string', 'char', 'bpchar', 'character varying'] %}
        {{ return(column) }}
    {% endif %}
    {% set value = 'case when lower(trim(' ~ column ~ ")) <> 'null' then trim(" ~ column
        ~ ') end' %}
    {% if kind in ['timestamp', 'datetime', 'timestamp without time zone'] %}
        {#- DuckDB's cast would drop the offset, and the moment with it. -#}
        {% set value = 'case when regexp_matches(trim(' ~ column ~ "), ':.*([+-][0-9:]+|z)$', 'i') "
            ~ "then error('" ~ column | replace('"', '') | replace("'", "''") ~ ": ' || " ~ column
            ~ " || ' has an offset; set its column_types to timestamptz') else " ~ value ~ ' end' %}
    {% endif %}
    {{ return('cast(' ~ value ~ ' as ' ~ type ~ ') as ' ~ column) }}
{% endmacro %}
