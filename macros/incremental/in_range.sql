{% macro in_range(column, bounds) %}
    {% set sides = [] %}
    {% if bounds.has_start %}
        {% do sides.append(column ~ ' >= ' ~ bounds.start) %}
    {% endif %}
    {% if bounds.has_end %}
        {% do sides.append(column ~ ' < ' ~ bounds.end) %}
    {% endif %}
    {{ return(sides | join(' and ')) }}
{% endmacro %}
