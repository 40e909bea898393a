{% macro store_failures(sql, type) %}
    {% if type not in ['table', 'view'] %}
        {% do exceptions.raise_compiler_error(
            model.name ~ ": '" ~ type ~ "' is not a valid value for store_failures_as. "
            ~ "Accepted values are: ['ephemeral', 'table', 'view']"
        ) %}
    {% endif %}
    {% set relation = this.incorporate(type=type) %}
    {% if type == 'view' %}
        {% do build_view(relation, sql) %}
    {% else %}
        {% do build_table(relation, sql) %}
    {% endif %}
    {{ return(relation) }}
{% endmacro %}
