{% macro typed_bounds(range, type) %}
    {% set typed = {} %}
    {% for side in ['start', 'end'] %}
        {% set value = range.get(side) %}
        {% set text = 'null' if value is none else text_literal(value) %}
        {% do typed.update({side: 'cast(' ~ text ~ ' as ' ~ sql_type(type) ~ ')'}) %}
    {% endfor %}
    {{ return(dict(typed, has_start=range.start is not none, has_end=range.end is not none)) }}
{% endmacro %}
