import { expect, it } from 'vitest'
import { inputField, spaced } from './flowInputs'

it('reads the name of an input as words', () => {
  expect(['ReasonForReturn', 'New_Owner__c', 'Days'].map(spaced)).toEqual(['Reason for return', 'New owner', 'Days'])
})

it('asks for each kind of value with the control of its type, and for text where it knows better none', () => {
  const types = ['number', 'boolean', 'date', 'id'].map((type) => inputField({ name: 'X', type }).type)
  expect(types).toEqual(['number', 'checkbox', 'date', 'text'])
})
