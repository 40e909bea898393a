with

customers as (

    select * from {{ ref('int_customers_versioned') }}

),

customers_current as (

    select * from customers
    where is_current

),

dim_customers as (

    select
        customers.customer_key,
        customers.customer_id,

        customers.customer_name,
        customers_current.customer_name as current_customer_name,

        customers.version_number,

        customers.is_current,

        customers.valid_from,
        customers.valid_to

    from customers
    inner join customers_current
        on customers.customer_id = customers_current.customer_id

    union all

    select
        {{ unknown_key() }} as customer_key,
        {{ unknown_key() }} as customer_id,
        {{ unknown_key() }} as customer_name,
        {{ unknown_key() }} as current_customer_name,
        1 as version_number,
        true as is_current,
        {{ start_of_time() }} as valid_from,
        {{ end_of_time() }} as valid_to

)

select * from dim_customers
