{% macro resolved_ranges(relation, range) %}
    {{ return(adapter.dispatch('resolved_ranges', 'firn')(relation, range)) }}
{% endmacro %}

{% macro duckdb__resolved_ranges(relation, range) %}
    {#- Bounds in ISO 8601, of the column's type. With a grain they are those that the
        rows themselves fall in; else every row must lie between the given bounds. -#}
    {% set column = quoted_columns([range.column])[0] %}
    {% set type = column_type(relation, range.column) %}
    {% if range.grain %}
        {% set start = "date_trunc('" ~ range.grain ~ "', " ~ column ~ ')' %}
        {% set end = start ~ ' + interval 1 ' ~ range.grain %}
        {% set sql = 'select distinct cast(' ~ start ~ ' as ' ~ type ~ ') as a, cast('
            ~ end ~ ' as ' ~ type ~ ') as b from ' ~ relation %}
        {% set outside = column ~ ' is null' %}
    {% else %}
        {% set bounds = typed_bounds(range, type) %}
        {% set sql = 'select ' ~ bounds.start ~ ' as a, ' ~ bounds.end ~ ' as b' %}
        {% set outside = 'not (' ~ in_range(column, bounds) ~ ') or ' ~ column ~ ' is null' %}
    {% endif %}
    {% do _refuse_rows_outside(relation, range, outside) %}
    {% set ranges = run_query(
        "select coalesce(to_json(list({'start': " ~ _iso('a', type) ~ ", 'end': "
        ~ _iso('b', type) ~ "})), '[]') from (" ~ sql ~ ')'
    ) %}
    {{ return(fromjson(ranges.rows[0][0])) }}
{% endmacro %}

{% macro _refuse_rows_outside(relation, range, outside) %}
    {% set found = run_query(
        'select count(*) over () as bad, to_json(checked) as example from ' ~ relation
        ~ ' as checked where ' ~ outside ~ ' limit 1'
    ).rows %}
    {% if found | length > 0 %}
        {% do exceptions.raise_compiler_error(
            model.name ~ ': ' ~ found[0][0] ~ ' rows lie outside the range '
            ~ range ~ ', for example ' ~ found[0][1] ~ '. They would be added again by '
            ~ 'each run; filter them out. Nothing was committed.'
        ) %}
    {% endif %}
{% endmacro %}

{% macro _iso(column, type) %}
    {% if type == 'TIMESTAMP WITH TIME ZONE' %}
        {{ return("strftime(" ~ column ~ ", '%Y-%m-%dT%H:%M:%S.%f+00:00')") }}
    {% elif type == 'TIMESTAMP' %}
        {{ return("strftime(" ~ column ~ ", '%Y-%m-%dT%H:%M:%S.%f')") }}
    {% endif %}
    {{ return('cast(' ~ column ~ ' as varchar)') }}
{% endmacro %}
