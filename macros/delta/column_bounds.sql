{% macro column_bounds(delta, names, columns) %}
    {% set bounded = orderable_columns(names, columns) %}
    {% set parts = [] %}
    {% for column in bounded %}
        {% for bound in ['min', 'max'] %}
            {% do parts.append('cast(' ~ bound ~ '(' ~ quoted_columns([column.name])[0]
                ~ ') as ' ~ dbt.type_string() ~ ')') %}
        {% endfor %}
    {% endfor %}
    {% if not parts %}
        {{ return([]) }}
    {% endif %}
    {% set sql = 'select ' ~ json_array(parts) ~ ' from ' ~ delta %}
    {{ return(bounds_of(bounded, fromjson(run_query(sql).rows[0][0]))) }}
{% endmacro %}

{% macro bounded_columns(keys) %}
    {#- Equal keys lie between the delta's bounds, so that never loses a match. The same
        holds for other columns only where the model says that they never change. -#}
    {{ return(keys + string_list(config.get('immutable_columns'))) }}
{% endmacro %}

{% macro orderable_columns(names, columns) %}
    {#- Without types that files record no order of, and personal data, since logs keep
        the statement. -#}
    {% set personal = personal_columns() %}
    {% set types = {} %}
    {% for column in columns %}
        {% do types.update({column.name | lower: column.type}) %}
    {% endfor %}
    {% set found = [] %}
    {% for name in names %}
        {% set type = types.get(name | lower, '') %}
        {% if type.split('(')[0] in _ordered_types() and not type.endswith(']')
            and name | lower not in personal %}
            {% do found.append({'name': name, 'type': type}) %}
        {% endif %}
    {% endfor %}
    {{ return(found) }}
{% endmacro %}

{% macro bounds_of(columns, values) %}
    {#- Literals, because only literals prune files: each column's least and greatest
        value, cast to its type. -#}
    {% set bounds = [] %}
    {% for column, low, high in zip(columns, values[::2], values[1::2]) if low is not none %}
        {% do bounds.append(dict(
            column,
            texts=[low, high],
            low=_typed_literal(low, column.type),
            high=_typed_literal(high, column.type),
        )) %}
    {% endfor %}
    {{ return(bounds) }}
{% endmacro %}

{% macro _ordered_types() %}
    {{ return([
        'TINYINT', 'SMALLINT', 'INTEGER', 'BIGINT', 'HUGEINT', 'UTINYINT', 'USMALLINT',
        'UINTEGER', 'UBIGINT', 'DECIMAL', 'VARCHAR', 'DATE', 'TIMESTAMP',
        'TIMESTAMP WITH TIME ZONE',
    ]) }}
{% endmacro %}

{% macro _typed_literal(text, type) %}
    {{ return('cast(' ~ text_literal(text) ~ ' as ' ~ sql_type(type) ~ ')') }}
{% endmacro %}
