{# Fails when an order stays 'unknown' although its customer's record has arrived. #}
with

orders as (

    select * from {{ ref('fct_orders') }}
    where customer_key = {{ unknown_key() }}

),

stg_orders as (

    select * from {{ ref('stg_ecom__orders') }}

),

customers as (

    select * from {{ ref('dim_customers') }}

)

select distinct orders.order_id
from orders
inner join stg_orders on orders.order_id = stg_orders.order_id
inner join customers on stg_orders.customer_id = customers.customer_id
