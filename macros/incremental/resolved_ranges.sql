{% macro resolved_ranges(relation, range) %}
    {{ return(adapter.dispatch('resolved_ranges', 'firn')(relation, range)) }}
{% endmacro %}

{% macro default__resolved_ranges(relation, range) %}
    {#- Bounds in ISO 8601, of the column's type. With a grain they are those that the
        rows themselves fall in; else every row must lie between the given bounds. -#}
    {% set column = quoted_columns([range.column])[0] %}
    {% set type = column_type(relation, range.column) %}
    {% if range.grain %}
        {% set start = "date_trunc('" ~ range.grain ~ "', " ~ column ~ ')' %}
        {% set end = start ~ ' + interval 1 ' ~ range.grain %}
        {% set sql = 'select distinct cast(' ~ start ~ ' as ' ~ sql_type(type) ~ ') as a, cast('
            ~ end ~ ' as ' ~ sql_type(type) ~ ') as b from ' ~ relation %}
        {% set outside = column ~ ' is null' %}
    {% else %}
        {% set bounds = typed_bounds(range, type) %}
        {% set sql = 'select ' ~ bounds.start ~ ' as a, ' ~ bounds.end ~ ' as b' %}
        {% set outside = 'not (' ~ in_range(column, bounds) ~ ') or ' ~ column ~ ' is null' %}
    {% endif %}
    {% do _refuse_rows_outside(relation, range, outside) %}
    {% set ranges = [] %}
    {% for row in run_query(
        'select ' ~ iso_text('a', type) ~ ' as a, ' ~ iso_text('b', type) ~ ' as b from ('
        ~ sql ~ ') as ranges'
    ).rows %}
        {% do ranges.append({'start': row[0], 'end': row[1]}) %}
    {% endfor %}
    {{ return(ranges) }}
{% endmacro %}

{% macro _refuse_rows_outside(relation, range, outside) %}
    {% set found = run_query(
        'select count(*) over () as bad, ' ~ row_json(none) ~ ' as example from ' ~ relation
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
