{% macro quoted_columns(names, prefix='') %}
    {% set quoted = [] %}
    {% for name in names %}
        {% set plain = name[1:-1] | replace('""', '"') if name.startswith('"') else name %}
        {% do quoted.append(prefix ~ '"' ~ plain | replace('"', '""') ~ '"') %}
    {% endfor %}
    {{ return(quoted) }}
{% endmacro %}
